"""What the API and the pages share: how routes get the services, their parameters, and how errors are numbered."""
