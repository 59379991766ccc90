"""Sources that report the errors, by the keys that families and operators name.

A source reports that people make an error, or that a mutation operator is in use. The families are written for Python
from these descriptions.
"""

REFERENCES = {
    "Alzahrani 2021": "Alzahrani and Vahid 2021, Common Logic Errors for Programming Learners: A Three-decade "
    "Literature Survey, ASEE Annual Conference",
    "Altadmri 2015": "Altadmri and Brown 2015, 37 Million Compilations: Investigating Novice Programming Mistakes in "
    "Large-Scale Student Data, SIGCSE",
    "BugLab 2021": "Allamanis, Jackson-Flux and Brockschmidt 2021, Self-Supervised Bug Detection and Repair, "
    "arXiv:2105.12787",
    "CodeLab": "Turing's Craft, The Top Six Errors in CodeLab Submissions",
    "CodeQL": "CodeQL query help for Python",
    "CSTeachingTips": "csteachingtips.org, misconceptions about loops and arrays",
    "Deng 2013": "Deng, Offutt and Li 2013, Empirical Evaluation of the Statement Deletion Mutation Operator, ICST",
    "Endres": "Endres and others, Automatically Repairing Input Data for Novice Python Programs (InFixPy)",
    "Ettles 2018": "Ettles, Luxton-Reilly and Denny 2018, Common Logic Errors Made by Novice Programmers, ACE",
    "Jeffries 2022": "Jeffries, Lee and Koprinska 2022, 115 Ways Not to Say Hello, World!: Syntax Errors Observed in a "
    "Large-Scale Online CS0 Python Course, ITiCSE",
    "King 1991": "King and Offutt 1991, A Fortran Language System for Mutation-based Software Testing, Software: "
    "Practice and Experience 21(7)",
    "Kohn 2017": "Kohn 2017, Teaching Python Programming to Novices: Addressing Misconceptions and Creating a "
    "Development Environment, doctoral thesis, ETH Zurich",
    "Mueller": "Mueller, The 8 Most Common Python Programming Errors, dummies.com",
    "MutPy": "MutPy, list of mutation operators for Python",
    "PD4CS": "pd4cs.org, misconceptions about lists and arrays",
    "Poodle": "Poodle, mutators for Python",
    "Pritchard 2015": "Pritchard 2015, Frequency Distribution of Error Messages, PLATEAU, arXiv:1509.07238",
    "Progmiscon": "progmiscon.org, misconceptions about Python",
    "PY4E": "Severance, Python for Everybody, chapter 1",
    "Runestone": "Runestone Academy, Complex Conditional Dangers",
    "SIDE": "Supportive IDE project, SIDE-lib: indicators of misconceptions in Python programs of students",
    "track-b": "the bugs of the system that the recipe corpus-tasks grew from",
}
