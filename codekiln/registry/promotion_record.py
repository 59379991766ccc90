"""Names of a promotion's record: its files among a version's artifacts, and the annotations of what serves it."""

FOLDER = "promotion"
"""Folder of a version's artifacts with the record of its promotion, and what the record vouches for."""
RECORD, SIGNATURE = "record.json", "record.json.sig"

ANNOTATION_RECORD = "codekiln.dev/promotion-record"
"""Annotation of an object that serves an adapter: sha256 of the bytes of `RECORD`, in hexadecimal digits."""
ANNOTATION_MODEL = "codekiln.dev/model"
"""Annotation beside it: NAME/VERSION of the registered version."""
ANNOTATION_FOLLOWS = "codekiln.dev/follows"
"""Annotation of an object that follows an alias instead: NAME@ALIAS. It proves each version itself before it serves."""
