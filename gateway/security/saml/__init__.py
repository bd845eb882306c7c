"""SAML 2.0 assertions in WS-Security: octets of a message to the facts its issuer signed.

names       what the elements are called
placing     the one place an assertion may have in a message; its octets alone
signature   what a signature must look like, and whether it holds
statements  what the verified assertion says: period, audience, subject, attributes
assertions  all of it in order, verdicts remembered, uses accounted for
writing     an assertion for somebody, signed
"""
