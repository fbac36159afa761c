"""Lines that stand in an article and are no part of it: counters, ages, reading times, words on buttons. Pure.

They change from one visit to the next. Only a line that is nothing else goes: one more word, and it is a sentence.
"""

import re

LONGEST_LINE = 60

_NUMBER = r"[\d\s.,\u00a0\u202f]{1,15}[kKмМКтыс.]{0,5}"
_COUNTED = (
    r"views?|reads?|visits?|visitors?|hits|shares?|likes?|comments?|page ?views|times read|number of views"
    r"|просмотр(?:ов|а|ы)?|количество просмотров|прочтени[йея]|комментари(?:ев|й|я|и)|перегляд(?:ів|и|у)?"
    r"|vues?|lectures?|consultations?|visitas|lecturas|vistas|aufrufe|visualizações|visualizzazioni|letture"
    r"|عدد المشاهدات|المشاهدات|مشاهدة|مشاهدات|عدد الزيارات|قراءة"
    r"|浏览次数|浏览量|浏览|阅读量|阅读次数|阅读|点击数|点击量|次浏览|次阅读|次"
)
_UNIT = (
    r"seconds?|minutes?|mins?|hours?|hrs?|days?|weeks?|months?|years?|секунд[уы]?|минут[уы]?|мин|час(?:а|ов)?|дн(?:я|ей)"
    r"|день|недел[юьи]|месяц(?:а|ев)?|secondes?|heures?|jours?|semaines?|mois|ans?|segundos?|minutos?|horas?|d[ií]as?"
    r"|semanas?|mes(?:es)?|sekunden?|minuten?|stunden?|tage?n?|wochen?|ثوان|دقيقة|دقائق|ساعة|ساعات|يوم|أيام|秒|分钟|小时|天|周|个月"
)
_BUTTON = (
    r"share(?: this)?(?: page| article| on)?|print(?: this)?(?: page)?|e-?mail|copy link|tweet|facebook|twitter"
    r"|telegram|whatsapp|listen|save|read more|more|subscribe|top|back to top|go to top|download pdf"
    r"|поделиться|распечатать|печать|версия для печати|скопировать ссылку|подписаться|наверх|читать далее|читайте также"
    r"|partager|imprimer|copier le lien|lire la suite|compartir|imprimir|copiar enlace|leer más|teilen|drucken"
    r"|شارك|مشاركة|طباعة|نسخ الرابط|اقرأ أيضا|分享|打印|分享到|关闭窗口"
)
_FURNITURE = re.compile(
    rf"""(?:{_COUNTED})\s?[:：]?\s?{_NUMBER}(?:次)?"""
    rf"""|(?:共\s?)?{_NUMBER}\s?(?:{_COUNTED})"""
    rf"""|{_NUMBER}\s?(?:{_UNIT})\s?(?:ago|назад|тому|read|前)"""
    rf"""|(?:il y a|hace|vor|há|منذ|قبل)\s{_NUMBER}\s?(?:{_UNIT})"""
    rf"""|(?:reading time|read time|estimated reading time|время чтения|temps de lecture|tiempo de lectura|lesezeit)"""
    rf"""\s?[:：]?\s?{_NUMBER}\s?(?:{_UNIT})?\.?"""
    rf"""|(?:{_BUTTON})\s?[:：»›→]?""",
    re.IGNORECASE,
)


def without_furniture(text: str) -> str:
    """The text without such lines."""
    return "\n".join(line for line in text.split("\n") if len(line) > LONGEST_LINE or not _FURNITURE.fullmatch(line))
