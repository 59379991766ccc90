"""Who reported the errors that the families make; a family's docstring names keys of this table."""

REFERENCES = {
    "Brown 2017": "Brown and Altadmri 2017, Novice Java Programming Mistakes, ACM TOCE 17(2)",
    "McCall 2014": "McCall and Kölling 2014, Meaningful Categorisation of Novice Programmer Errors, FIE",
    "Kohn 2019": "Kohn 2019, The Error Behind the Message: Finding the Cause of Error Messages in Python, SIGCSE",
    "Pritchard 2015": "Pritchard 2015, Frequency Distribution of Error Messages, PLATEAU, arXiv:1509.07238",
    "Jeffries 2022": "Jeffries, Lee and Koprinska 2022, 115 Ways Not to Say Hello, World!, ITiCSE",
    "Smith 2019": "Smith and Rixner 2019, The Error Landscape, SIGCSE",
    "Ettles 2018": "Ettles, Luxton-Reilly and Denny 2018, Common Logic Errors Made by Novice Programmers, ACE",
    "Alzahrani 2021": "Alzahrani and Vahid 2021, Common Logic Errors for Programming Learners, ASEE",
    "Allamanis 2021": "Allamanis, Jackson-Flux and Brockschmidt 2021, BugLab, arXiv:2105.12787",
    "King 1991": "King and Offutt 1991, A Fortran Language System for Mutation-based Software Testing, SPE 21(7)",
    "track-b": "the bug mutations of the system that the recipe corpus-tasks grew from",
}
