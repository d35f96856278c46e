"""`python -m callcost` is the command `callcost`."""

from callcost.start import main

main()
