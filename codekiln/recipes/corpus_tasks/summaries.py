"""Which first sentences of docstrings are summaries: sentences that say what the function does or gives.

A summary opens with a verb, as PEP 257 asks for. Remarks, cross references, signatures, bare nouns and sentences that
only repeat the function's name open otherwise, or say nothing that the name does not.
"""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\S+", text))


_VERBS = _words(
    """
    abort accept accumulate acquire activate adapt add adjust adopt advance aggregate align allocate allow alter
    answer append apply approximate arrange ask assemble assert assign associate attach attempt augment
    authenticate balance begin bind bisect block break bring broadcast browse build byte-compile cache calculate
    call cancel cast catch center change check choose clamp clean clear clip clone close coerce collapse collect
    color combine commit compare compile complete compose compress compute concatenate condense configure
    confirm connect construct consume control convert copy count create crop customize cut debug decide declare
    decode decompose decompress decorate decrease decrement decrypt deduce define delegate delete deliver deploy
    dequeue derive describe deserialize destroy detach detect determine disable disassemble discard disconnect
    dispatch display distribute divide do download draw drop dump duplicate edit emit emulate enable encode
    encrypt enforce enqueue ensure enter enumerate erase escape establish estimate evaluate examine exchange
    execute exit expand expect export expose express extend extract fail feed fetch fill filter finalize find
    finish fire fit fix flag flatten flip flush fold follow force format forward free freeze gather generate get
    give go grab grant group grow guess handle hash have hide identify ignore imitate implement import increase
    increment indent indicate infer inform inherit initialise initialize inject insert inspect install
    instantiate interleave interpolate interpret invalidate inverse invert invoke isolate issue iterate join
    keep kill launch lex limit link list listen load locate lock log login logout look lookup loop lower make
    manage map mark mask match measure merge migrate minimize mirror modify monitor move multiply negate
    normalise normalize notify obtain offer omit open optimize order output pack pad parse partition pass paste
    patch pause peek perform permute pick place play poll pop populate post prepare prepend preserve press
    pretty-print prevent print process produce prompt propagate provide prune publish pull push put quantize
    query queue quit quote raise randomize re-encode reactivate read rebuild recalculate receive recognize
    recompute reconfigure reconstruct record recover recreate redirect redraw reduce refer refresh refuse
    register reject release reload remember remove rename render reorder repeat replace report represent request
    require rescale reset reshape resize resolve respond restart restore restrict resume retrieve return reverse
    revert rewind rewrite rotate round run sanitize save scale scan schedule scroll search seed seek select send
    separate serialize serve set setup shift show shuffle shut shutdown sign signal simplify simulate skip slice
    solve sort spawn specify split squeeze stack start stop store stream strip subscribe substitute subtract
    suggest sum summarize suppress suspend swap switch sync synchronize take tell terminate test toggle tokenize
    track transfer transform translate transpose traverse treat trigger trim truncate try turn uncompress undo
    unescape uninstall unload unlock unmap unpack unquote unregister unset unsubscribe unwrap update upgrade
    upload validate verify visit wait wake walk warn wrap write yield zip
    """
)
# What is as often a noun or an adjective is a verb before one of these alone.
_OFTEN_NOUNS = _words(
    """
    block cache count do fit flag fold group hash index inverse link list log lower map mark mask match measure
    open order output patch place post process query queue quote record request round seed sign signal sort
    stack stream sum test transfer
    """
)
_DETERMINER = re.compile(
    r"""(an?|the|all|any|each|every|this|that|its|their|one|two|both|some|if|until|whether|how|up|out|down|new|given|\w+s|\d.*|"""
    r"""[`'"*(].*)"""
)
_OPENING = re.compile(
    r"(?:(?:(?:An? )?(?:[Ii]nternal |[Pp]rivate |[Cc]lass )?(?:[Hh]elper|[Uu]tility|[Ff]unction|[Dd]ecorator|"
    r"[Cc]ontext manager)(?: function| method)?(?: (?:that|which|to))) "
    r"|This (?:function|method|class method|decorator) )?(?:(?:\w+ly|first|also|then) )?([\w-]+)(?: |\b)(\S*)",
)
_CONDITION = re.compile(r"(?:Given|If|When|For|In)\b.*?, ")
_TRUTH = re.compile(r"(?:(?:True|False) (?:if|iff|when|for|unless)|Whether) ")
# A list of calls, an arrow of signatures, and the places where authors break off.
_NO_SENTENCE = re.compile(
    r"->|<==>|<-|^\S+\(.*?\)(?:\s|:)|(?<!\be\.g)(?<!\bi\.e)(?<!\betc)(?<!\bvs)(?<!\brepr)\. [a-z]|\b(?:e\.g|i\.e)\.$"
    r"|\b(?:such as|following|follows|either|and|or|of|the)\.$|\[[^\]]*\.\.\.\]|\[, ",
)
_NOTE = re.compile(
    r"\bthe (?:above|below)\b|\b(?:above|below)(?=[.,;:)]|$)|\b(?:XXX|[Dd]eprecated|[Oo]bsolete)\b"
    r"|\b[Ss]ee (?:also\b|the\b|[A-Z`'\"]|\w+\()|^(?:Notes?\b|N\.?B\b|Us(?:e|ed (?:by|in|for))\b"
    r"|Called (?:by|when|if|from)\b|(?:New|Added|Changed|Removed) in\b|For example\b|Example|Hence\b|Otherwise\b"
    r"|However\b|But\b|So\b|Also\b|This is (?:a|an|the|slow|used|not)\b|Like\b|Unlike\b|Same\b|\()"
)
_PERSON = re.compile(r"\b(?:[Ww]e|[Oo]ur|us|I(?!/)|[Yy]ou|[Yy]our|my)\b")
_EARLY = 60
"""Characters of a line that nobody had to break before the next word."""
_EMPTY = _words(
    """
    a an the this that its self new of to for in on and or with by from object instance class method function
    given initialise initialize initializes constructor construct create creates make do does set sets get gets
    return returns
    """
)


def is_summary(sentence: str, name: str, is_property: bool = False) -> bool:
    """Tell whether a sentence says what a function does or gives, beyond its name.

    Args:
        sentence: A sentence of plain prose.
        name: Name of the function.
        is_property: Whether it is read as an attribute, which a noun describes.
    """
    if _NO_SENTENCE.search(sentence) or _NOTE.search(sentence) or not _adds_to(name, sentence):
        return False
    is_noun = is_property and sentence.startswith(("The ", "A ", "An "))
    return is_noun or bool(_TRUTH.match(sentence)) or _opens_with_verb(sentence)


def is_remark(sentence: str) -> bool:
    """Tell whether a sentence is a note of the author beside the description, or needs what stands around it."""
    return bool(_NOTE.search(sentence) or _PERSON.search(sentence))


def breaks_off(docstring: str) -> bool:
    """Tell whether the first sentence has a line that ends early, and goes on with a new thought below it.

    So do usage lines over their description, and lists; joined to one line they are no sentence.
    """
    lines = docstring.strip().split("\n")
    for line, after in zip(lines, lines[1:], strict=False):
        if not after.strip() or re.search(r"[.!?](?:\s|$)", line):
            return False
        starts_anew = re.match(r"\s*(?:[A-Z][a-z]+\b|[-*+] |\d+[.)] |:\w)", after)
        if starts_anew and len(line.strip()) + len(after.split()[0]) < _EARLY:
            return True
    return False


def _opens_with_verb(sentence: str) -> bool:
    if _CONDITION.match(sentence):
        # What is done stands after one of the commas.
        return any(_opens_with_verb(clause) for clause in re.split(r", (?:then )?", sentence)[1:])
    found = _OPENING.match(sentence)
    if not found:
        return False
    word, after = found[1].lower(), found[2].rstrip(",.;:")
    base = next((form for form in _base_forms(word) if form in _VERBS), "")
    # The third person is hardly ever a noun at the start of a sentence.
    is_plain = base == word and base in _OFTEN_NOUNS
    return bool(base) and (not is_plain or _DETERMINER.fullmatch(after) is not None)


def _base_forms(word: str) -> tuple[str, ...]:
    forms = [word]
    if word.endswith("s"):
        forms += [word[:-1], word.removesuffix("es"), word.removesuffix("ies") + "y"]
    return tuple(forms)


def _adds_to(name: str, sentence: str) -> bool:
    """Tell whether a sentence has a word of meaning that its function's name does not have."""
    known = {_stem(word) for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)}
    words = {word for word in re.findall(r"[a-z0-9]+", sentence.lower()) if word not in _EMPTY}
    return any(_stem(word) not in known for word in words)


def _stem(word: str) -> str:
    word = word.lower()
    return re.sub(r"(?:ing|ed|es|s|e)$", "", word) if len(word) > 3 else word
