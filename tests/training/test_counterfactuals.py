"""Titles with other acts and objects, for the teacher to read."""

from training import corpus
from training.counterfactuals import Place, Title, counterfactuals, exchanged, read


def signal(title: str) -> corpus.Item:
    return corpus.Item("1", title, "", "", True, "easing", "rulemaking", "decided", "", "written")


def test_acts_and_objects_are_found_where_they_stand() -> None:
    (title,) = read([signal("Court strikes down levy on hotels")])
    assert [title.text[p.start : p.end] for p in title.acts] == ["strikes down"]
    assert [title.text[p.start : p.end] for p in title.objects] == ["levy"]


def test_what_is_no_signal_or_says_too_little_is_left_out() -> None:
    quiet = corpus.Item("2", "Band ends its tour with a show", "", "", False, "", "", "", "", "archive")
    assert read([quiet, signal("Levy lifted")]) == []


def test_a_new_phrase_takes_the_place_and_the_capital_of_the_old() -> None:
    title = Title("Lifts ban on scooters", [Place(0, 5, "s", "down.lift")], [Place(6, 9, "", "burden.ban")])
    assert exchanged(title, [(title.acts[0], "keeps")]) == "Keeps ban on scooters"
    assert exchanged(title, [(title.acts[0], "keeps"), (title.objects[0], "subsidy")]) == "Keeps subsidy on scooters"
    assert exchanged(title, [(title.acts[0], "")]) == ""


def test_an_act_is_exchanged_for_one_of_another_class_in_the_same_form() -> None:
    titles = read(signal(t) for t in ("Ministry lifts ban on scooters", "Ministry imposes duty on imported steel"))
    made = counterfactuals(titles, seed=3)
    assert "Ministry imposes ban on scooters" in made
    assert not {t.text for t in titles} & {*made}


def test_the_same_titles_make_the_same() -> None:
    titles = read([signal("Ministry lifts ban on scooters"), signal("Regulator imposes cap on fees at banks")])
    assert counterfactuals(titles) == counterfactuals(titles)
