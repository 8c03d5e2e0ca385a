"""How long a comment takes to render: an ordinary one, the worst of a corpus, and the worst that a search finds.

`python -m bench.rendering` prints the table; `python -m bench.rendering search 60` looks for something worse for sixty
seconds: it repeats short pieces until the comment is full, keeps the slowest, and changes and mixes them.
"""

import random
import sys
import time
from collections.abc import Iterator

from portal.text.markdown import MAX_COMMENT, commenters_html
from tests.text.hostile import BOMBS

ROUNDS = 5
ORDINARY = (
    "Die dritte These trifft es: *Anwesenheit* ist in der Beratung kein Selbstzweck, aber wo es um Schutz geht, bleibt"
    " sie nötig. Siehe dazu [unsere Stellungnahme](https://www.example.org/stellungnahme).\n\n- Ausstattung fehlt\n"
    "- Zeit fehlt erst recht\n\n> Arbeit außerhalb der Dienststelle soll möglich werden\n\nDas sehe ich genauso.\n\n"
)
PIECES = (
    "a", "b ", "ä", " ", "\t", "\xa0", "\n", "\n\n", "*", "**", "***", "_", "__", "`", "``", "\\", "\\*", "|", "#", "~",
    "+ ", "* ", "- ", "1. ", "2. ", "> ", ">", "    ", "- a\n", "* a\n", "1. a\n", "> a\n", "a\n", "a\n\n", "\n    - a",
    "[", "]", "](", ")", "(", "!", "![", "[a](https://a.b)", "*a*", "**a**", "_a_", "`a`", "<", "</", "<a ", "<!--",
    "<![CDATA[", "&", "&amp;", "&#x41;", ";", "https://", "https://a.b", "https://a.b/(", "www.", "@", ":", ".", ",",
    "'", '"', "=", "a\u0308", "\u0308", "👩\u200d💻", "\u200b", "\x00",
)  # fmt: skip

# Found by the search; each is repeated until the comment is full.
FOUND = {
    "links": "[a](https://a.b)",
    "links and open brackets": "[a](https://a.b)(",
    "links and a run of stars": ">\t[a](https://a.b)" + "*" * 85,
    "paragraphs of one address": "a\n\nhttps://a.b \n",
    "paragraphs of five letters": "a\n\naaaaa",
    "web addresses": "https://a.b ",
    "brackets in addresses": "https://a.b/(",
    "emphasis": "*a* b c d e f g h i ",
    "items": "- abcdefghijklmn\n",
    "items within items": "- - - abcdefghijklmnopqrstuvwxy\n",
}


def corpus() -> dict[str, str]:
    """Hostile comments of full length: what brings down one parser or another, and what the search found."""
    return {name: bomb[:MAX_COMMENT] for name, bomb in BOMBS.items()} | {
        f"{name} (found)": full(piece) for name, piece in FOUND.items()
    }


def full(piece: str) -> str:
    """The piece, repeated until a comment is full."""
    return (piece * (MAX_COMMENT // len(piece) + 1))[:MAX_COMMENT]


def milliseconds(source: str, rounds: int = ROUNDS) -> float:
    """The least processor time of some rounds, so that what else the machine does is left out."""
    times = []
    for _ in range(rounds):
        started = time.thread_time()
        commenters_html(source)
        times.append(time.thread_time() - started)
    return min(times) * 1000


def search(seconds: float, seed: int = 0) -> Iterator[tuple[float, str]]:
    """Ever slower comments, as pieces in the order in which they are repeated."""
    draw = random.Random(seed)
    known: list[tuple[float, list[str]]] = [(milliseconds(full(piece), 1), [piece]) for piece in FOUND.values()]
    worst = 0.0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        known = sorted(known, key=lambda one: -one[0])[:40]
        pieces = changed(draw, draw.choice(known)[1], draw.choice(known)[1])
        if not "".join(pieces):
            continue
        took = milliseconds(full("".join(pieces)), 1)
        known.append((took, pieces))
        if took > worst and (took := milliseconds(full("".join(pieces)))) > worst:
            worst = took
            yield worst, "".join(pieces)


def changed(draw: random.Random, pieces: list[str], others: list[str]) -> list[str]:
    """Something near to `pieces`: one more, one less, another one, some of the others', or all of it several times."""
    at = draw.randrange(len(pieces) + 1)
    piece = draw.choice(PIECES)
    return draw.choice(
        [
            [*pieces[:at], piece, *pieces[at:]],
            [*pieces[:at], *pieces[at + 1 :]],
            [*pieces[:at], piece, *pieces[at + 1 :]],
            [*pieces[:at], *others],
            [*pieces, *([piece] * draw.randrange(1, 40))],
            [*pieces[:at], *(pieces[at:] * draw.randrange(1, 20))],
        ]
    )[:600]


def main() -> None:
    if sys.argv[1:2] == ["search"]:
        for took, piece in search(float(sys.argv[2])):
            print(f"{took:6.1f} ms  {piece!r}", flush=True)
        return
    report()


def report() -> None:
    """The table, as Markdown."""
    ordinary = milliseconds(full(ORDINARY))
    times = sorted(((milliseconds(source), name) for name, source in corpus().items()), reverse=True)
    print(f"\n| rendering {MAX_COMMENT:,} characters | processor time | against an ordinary comment |")
    print("| --- | --- | --- |")
    print(f"| an ordinary comment | {ordinary:.1f} ms | 1.00 |")
    for took, name in times[:5]:
        print(f"| {name} | {took:.1f} ms | **{took / ordinary:.2f}** |")


if __name__ == "__main__":
    main()
