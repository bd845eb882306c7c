// TD0.2: the state of the record, on Patient.

Extension: Fermeture
Id: dmp-fermeture
Title: "fermeture"
Description: "When and why the record was closed."
Context: Patient
* extension contains
    dateFermeture 0..1 and
    motifFermeture 0..1 and
    raisonFermeture 0..1
* extension[dateFermeture].value[x] only date
* extension[motifFermeture].value[x] only CodeableConcept
* extension[raisonFermeture].value[x] only string

Extension: RattachementMes
Id: dmp-rattachement-mes
Title: "rattachement à Mon espace santé"
Description: "Whether the record belongs to a space of the patient."
Context: Patient
* value[x] 1..1
* value[x] only boolean

Extension: MedecinTraitant
Id: dmp-medecin-traitant
Title: "médecin traitant"
Description: "Whether who asks is the doctor the patient declared."
Context: Patient
* value[x] 1..1
* value[x] only boolean
