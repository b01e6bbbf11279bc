"""Abbreviations end with a full stop and do not end a sentence."""

import pytest

from corpus_tuner.text.abbreviations import read_abbreviations
from corpus_tuner.text.sentences import split_sentences


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("de", ["Fr. Weber und Frl. Kern kamen mit Hrn. Otto. ", "Die Fa. Holz liefert."]),
        ("de", ["Am 12. Jan. 2020 sah Prof. Lang die Nr. 512. ", "Dann ging er."]),
        ("en", ["He said no. ", "Then he read no. 5 on p. 12."]),
        ("es", ["La Dra. Vega y Dña. Ana leen la pág. 5. ", "El Excmo. Sr. Ruiz no."]),
        ("es", ["D. Juan vive en la Av. Central. ", "Ella no."]),
        ("fr", ["Mlle. Roux et le Dr. Petit lisent l'art. 5. ", "M. Blanc rit."]),
        ("fr", ["Voir p. ex. Paris, chap. III, fig. 2. ", "Puis le vol. 4."]),
        ("it", ["Il sig. Neri e l'avv. Gatti, cfr. Verdi, n. 5. ", "Poi la dott.ssa Sala."]),
        ("it", ["Vedi pag. 12. ", "L'ing. Conti parla."]),
        ("nl", ["Dhr. Bakker leest blz. 5, bijv. Anna. ", "Zij niet."]),
        ("pl", ["Prof. Lis mieszka przy ul. Polnej, np. Łódź. ", "Zob. str. 5."]),
        ("pl", ["Przyszedł ks. Jan. ", "Potem inż. Kot."]),
        ("pt", ["A Dra. Reis mora na Av. Norte, fls. 3. ", "O Exmo. Sr. Pinto saiu."]),
        ("ru", ["См. рис. 5 и ул. Ленина. ", "Потом он ушёл."]),
        ("sv", ["Se t.ex. Anna, s. 5. ", "Hon kom."]),
        ("cs", ["Viz např. Novák, str. 5. ", "Pak přišel."]),
    ],
)
def test_abbreviations_do_not_end_a_sentence(language: str, expected: list[str]) -> None:
    assert split_sentences("".join(expected), language) == expected


def test_abbreviations_are_in_the_form_in_which_they_are_compared() -> None:
    for known in read_abbreviations().values():
        for word in frozenset().union(*known):
            assert word == word.lower().strip(".")
