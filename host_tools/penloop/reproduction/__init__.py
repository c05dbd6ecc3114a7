"""From a fault in the field to a failing test: a pen's black box becomes a scenario.

fault_record.py  reads the file that `penloop blackbox --out` has written
causes.py        what may be behind a fault: parts that fail, and what a person does
story.py         the scenario for a record and a cause, and what is unknown of it
likeness.py      how far a run is from the record
search.py        looks for the cause and the unknowns whose run is the nearest
pages.py         the picture of both, and the test's text
"""
