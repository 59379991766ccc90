from codekiln.errors import LINES, ClusterError, InputError, InputErrors, ModelError, RegistryError, SandboxError


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


def test_a_message_has_at_most_25_lines() -> None:
    log = "\n".join(f"line {number}" for number in range(400))
    for kind in (InputError, ModelError, ClusterError, RegistryError, SandboxError):
        lines = str(kind(f"it ended; its last lines:\n{log}", where="job a", fix="mend it")).split("\n")
        assert len(lines) == LINES == 25
        assert lines[0] == "job a: it ended; its last lines:"
        assert lines[12] == "... 378 lines ..."
        assert lines[-2:] == ["line 399", "  fix: mend it"]


def test_a_line_of_a_message_is_cut_in_its_middle() -> None:
    line = str(InputError(f"no problem is called '{'x' * 100_000}'", where="a:1.task_id"))
    assert len(line) == 1000
    assert line.startswith("a:1.task_id: no problem is called 'xxx")
    assert line.endswith("xxx'")


def test_errors_with_remedies_of_their_own_are_as_many_as_fit() -> None:
    errors = InputErrors(InputError("bad\nworse", where=f"x:{n}", fix=f"mend {n}") for n in range(30))
    lines = str(errors).split("\n")
    assert lines[-4:] == ["x:7: bad", "worse", "  fix: mend 7", "... and 22 more"]
    assert len(str(InputErrors([InputError("x\n" * 90), InputError("y")])).split("\n")) <= LINES
