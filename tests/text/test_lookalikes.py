"""Edge case 17: a name that passes itself off as another is found, and no honest one is."""

import pytest

from portal.text.lookalikes import mixes_scripts, skeleton


@pytest.mark.parametrize(
    "name",
    [
        "Rеdaktion",
        "Redаktion",
        "Redaktiоn",
        "Раypal",
        "Ωmega",
        "Annа Müller",
        "Anna Иванова",
        "Αnna",
        "李 Иван",
        "Aոna",
    ],
)
def test_scripts_that_one_does_not_write_together(name: str) -> None:
    assert mixes_scripts(name)


@pytest.mark.parametrize(
    "name",
    [
        *("Redaktion", "Søren ẞ", "Müller-Özdemir", "O'Neill", "O’Neill", "Nguyễn Thị Ánh", "Łukasz Żółć", "İlker Şığ"),
        *("Γιώργος Παπαδόπουλος", "Иван Петров", "Олександр Кравʼчук", "דוד כהן", "محمد علي", "देवनागरी", "ქართული"),
        *(
            "李小龙",
            "李娜 (Li Na)",
            "山田 たろう",
            "ヤマダ Taro",
            "東京タワー",
            "佐々木",
            "김철수 金",
            "Kim 철수",
            "ㄅㄆ 漢",
        ),
        *("Anna 👩‍💻", "Anna 2", "A. B.", "Team 7 & Co.", "Ａnna", "ﬁona", "", "123", "Mu\u0308ller"),
    ],
)
def test_what_one_does_write(name: str) -> None:
    assert not mixes_scripts(name)


@pytest.mark.parametrize(
    "name",
    [
        *("REDAKTION", "redaktion", "Redaktion.", "Redak tion", "Redak-tion", "Redakti0n", "RedaktIon", "Redakt1on"),
        *(
            "Rédaktíon",
            "Rẹdaktion",
            "R3daktion",
            "Rеdaktion",
            "Rеԁаktіоn",
            "Redaktiοn",
            "𝐑𝐞𝐝aktion",
            "Ｒｅｄａｋｔｉｏｎ",
        ),
        *("ʀᴇᴅᴀᴋᴛɪᴏɴ", "Reɗaktion"),
    ],
)
def test_names_that_look_alike_have_one_skeleton(name: str) -> None:
    assert skeleton(name) == skeleton("Redaktion")


@pytest.mark.parametrize(
    ("one", "other"), [("Anna", "Hanna"), ("Redaktion", "Reaktion"), ("李", "李小"), ("Иван", "Олег")]
)
def test_other_names_have_another(one: str, other: str) -> None:
    assert skeleton(one) != skeleton(other)


def test_a_part_of_a_name_is_found_in_it() -> None:
    assert skeleton("Rеdaktion") in skeleton("Die RedaktIon (offiziell)")
    assert skeleton("Anna Berger") == skeleton("Αnna  Вerɡer")
    assert skeleton("Max Moritz") == skeleton("Max rnoritz")
    assert skeleton("Werner") == skeleton("VVerner")


def test_a_name_of_nothing_but_punctuation_has_none() -> None:
    assert skeleton("?. -") == ""
