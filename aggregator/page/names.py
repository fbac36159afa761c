"""What sites call the parts of a page: in classes and ids, whose names follow a few fashions. Pure.

A name is taken apart at blanks into tokens, and a token at `-`, `_` and capitals into words: `articleBody`,
`article__body` and `Article-Body` are one token.
"""

import re

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_JOINTS = re.compile(r"[-_.]+")
_SAYS_WHAT_THERE_IS = re.compile(r"(?:no|not|has|have|with|without|is|js)-.*")
"""`no-sidebar`, `has-banner`: what stands in or beside an element, not what it is."""

LONGEST_NAME = 1_000
"""Characters of a class attribute that are looked at."""


def set_of(names: str) -> frozenset[str]:
    """The names that stand in a line, set apart by blanks."""
    return frozenset(names.split())


BODIES = set_of(
    """
    article-body article-content article-fulltext article-text articlebody articletext body-content body-text
    ck-content content-body document-text e-content entry-content field-body field-name-body full-text fulltext
    govspeak internal-content material-body material-text news-body news-content news-detail-text news-item-text
    news-text newstext page-text post-body post-bodycopy post-content post-entry post-text press-release-body prose
    publication-body publication-text read-internal-content release-body release-content rich-text richtext
    statement-body story-body story-content story-text text-body tinymce-content trs-editor wysiwyg
    """
)
"""The text itself."""
LEDES = set_of(
    """
    article-description article-excerpt article-intro article-lead article-lede article-standfirst article-subtitle
    article-summary dek entry-lead entry-summary field-name-field-lead intro intro-text introtext lead lead-text
    leadtext lede news-intro news-lead p-summary post-excerpt post-lead read-lead standfirst sub-headline
    subheadline subtitle summary
    """
)
"""What stands between the headline and the text."""
CONTENTS = set_of(
    """
    article article-container content content-main detail details document entry main main-content maincontent
    material news-detail news-item news-view page-content pagecontent post primary publication single statement
    story text
    """
)
"""A frame around both, with other things in it."""

_CHROME_TOKENS = set_of(
    """
    about-author also announcement-bar article-meta author-bio author-box back-to-top backtotop byline clock
    current-date currentdate d-print-none date-today emergency-banner entry-meta entry-views helpful hidden-print
    hits jp-relatedposts lang-menu lang-switcher langs language-switcher languages last-news latest-news
    latest-posts meta-info modal-dialog more-news more-on more-stories news-feed newsfeed no-print noprint now
    other-news page-views pageviews post-meta post-tags post-views postmeta print print-link print-version
    printversion read-also read-count read-more read-next read-time readalso reading-time readmore reads readtime
    recent-posts screen-reader-text see-also sign-up signup site-alert site-footer site-header site-info
    sitewide-alert skip-link skip-to-content sr-only time-ago timeago today today-date translations up-next
    view-count view-counter viewcount views views-count visually-hidden was-this-helpful widget widget-area widgets
    you-may-also-like you-might-also-like
    """
)
_CHROME_WORDS = set_of(
    """
    accessibility ad addthis addtoany ads advert advertisement advertising adverts banner banners breadcrumb
    breadcrumbs carousel comment commentlist comments consent cookie cookies copyright counter counters disqus
    donate donation feedback footer gdpr likes login menu modal nav navbar navigation newsletter outbrain pagenav
    pager pagination player popular popup promo rating ratings reactions recirc recommendation recommendations
    recommended related relatedposts respond search searchform share sharedaddy shares sharing sidebar similar
    slider social socials sponsored submenu subscribe subscribtion subscription survey swiper taboola tagcloud
    taglist tags teaser teasers toc toolbar tooltip topbar trending weather
    """
)


def tokens(name: str) -> tuple[str, ...]:
    """The tokens of a class or an id, in one spelling."""
    return tuple(
        _JOINTS.sub("-", _CAMEL.sub("-", token)).strip("-").lower()
        for token in name[:LONGEST_NAME].split()
        if ":" not in token
    )


def is_chrome(names: tuple[str, ...]) -> bool:
    """Whether one of these tokens names something that stands around a statement."""
    if is_one_of(names, _CHROME_TOKENS):
        return True
    for token in names:
        if not _SAYS_WHAT_THERE_IS.fullmatch(token) and not _CHROME_WORDS.isdisjoint(token.split("-")):
            return True
    return False


def is_one_of(names: tuple[str, ...], known: frozenset[str]) -> bool:
    """Whether one of these tokens is known, or ends in a known one of two words or more (`wp-block-post-content`)."""
    for token in names:
        words = token.split("-")
        ends = ("-".join(words[at:]) for at in range(1, len(words) - 1))
        if token in known or "".join(words) in known or any(end in known for end in ends):
            return True
    return False
