import pytest

from pipeline.articles.language import language


@pytest.mark.parametrize(
    ("title", "text", "code"),
    [
        ("Regulator fines bank for lax controls", "The watchdog said on Monday that it had imposed a fine.", "en"),
        ("EU fines Acme", "", "en"),
        ("Banco Acme sued by SEC", "", "en"),
        ("Berlin beschließt neues Gesetz gegen Plattformen und ihre Betreiber", "", "de"),
        ("La Banque centrale européenne relève ses taux pour la troisième fois", "", "fr"),
        ("El gobierno aprueba una ley que limita las plataformas digitales en el país", "", "es"),
        ("¿Has visto que los precios suben más que el salario?", "", "es"),
        ("Her bakan yeni bir vergi ve ceza istiyor, meclis bugün karar verecek", "", "tr"),
        ("Los Angeles bans gas stoves", "The council voted.", "en"),
        ("央行宣布下调存款准备金率", "", "zh"),
        ("日銀は金利を据え置くと発表した", "", "ja"),
        ("한국은행 기준금리 동결", "", "ko"),
        ("12345 !!", "", ""),
        ("", "", ""),
    ],
)
def test_language(title, text, code):
    assert language(title, text) == code


def test_russian_is_not_english():
    assert language("Центральный банк повысил ключевую ставку до двенадцати процентов годовых", "") not in ("", "en")
