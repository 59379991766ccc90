from codekiln.errors import InputError, InputErrors


def test_many_errors_are_a_few_lines_with_the_count() -> None:
    errors = InputErrors(InputError("bad", where=f"x:{number}", fix="mend it") for number in range(4536))
    lines = str(errors).split("\n")
    assert lines[0] == "x:0: bad"
    assert lines[-2:] == ["  fix: mend it", "... and 4,516 more"]
    assert len(lines) == 22
    assert len(errors.errors) == 4536


def test_what_to_do_follows_the_last_error_that_it_mends() -> None:
    pairs = (("a", "one"), ("b", "one"), ("c", "two"), ("d", ""))
    errors = InputErrors(InputError("bad", where=where, fix=fix) for where, fix in pairs)
    assert str(errors) == "a: bad\nb: bad\n  fix: one\nc: bad\n  fix: two\nd: bad"
    assert str(InputErrors([])) == ""
