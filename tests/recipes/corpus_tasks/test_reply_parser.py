from codekiln.recipes.corpus_tasks.reply_parser import ParsedReply

F = "`" * 3


def test_blocks_and_prose_with_any_line_ends():
    text = f"Sure.\n{F}python\nx = 1\n{F}\nThen:\n{F}bash\nls\n{F}\n1. {F}pycon\n   y = 2\n   {F}\nDone.\n"
    for reply in (ParsedReply(text), ParsedReply(text.replace("\n", "\r\n"))):
        assert reply.blocks == ("x = 1", "y = 2")
        assert reply.words == ["sure", "then", "done"]


def test_a_block_that_is_never_closed_is_neither_block_nor_prose():
    reply = ParsedReply(f"Sure.\n{F}python\nx = 1\nMore words.")
    assert (reply.blocks, reply.words) == ((), ["sure"])
