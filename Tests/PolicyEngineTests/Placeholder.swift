// placeholder until the tests arrive
