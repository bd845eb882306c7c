"""Live tests: suites carried out against a server, over the wires everybody else uses.

Its modules, in the order a run meets them:

    target        what the server is, and whether it answers
    credentials   in whose name a request is sent
    requests      steps of a suite to requests: SOAP, MTOM, HTTP
    answers       what came back, and values in it by path
    expectations  what an answer has to be
    comparing     whether two answers tell the same: "as if never stored"
    sentences     what is said of all that, in both languages
    runner        suites in, a report out
"""
