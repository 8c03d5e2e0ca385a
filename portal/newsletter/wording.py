"""The text that an issue which asks for affirmation begins with. Editors change it as they like."""

AFFIRMATION_TEXTS = {
    "de": (
        "Die Erklärung hat eine neue Fassung: Tragen Sie sie mit?",
        """{{anrede}},

Sie haben die Dortmund-Essener Erklärung zur Digitalisierung in der Sozialarbeit unterzeichnet. Seitdem ist eine neue \
Fassung erschienen. Ihre Unterschrift steht weiter unter der Fassung, die Sie unterzeichnet haben; unter die neue \
setzen wir sie nur, wenn Sie es möchten.

[Die neue Fassung bekräftigen]({{bekraeftigen}})

Der Link zeigt Ihnen die neue Fassung und fragt Sie dort noch einmal. Wenn Sie nichts tun, bleibt alles, wie es ist.

## Was sich geändert hat

{{unterschiede}}
""",
    ),
    "en": (
        "The declaration has a new revision: do you support it?",
        """{{anrede}},

You have signed the Dortmund-Essen Declaration on Digitalisation in Social Work. Since then a new revision has been \
published. Your signature remains under the revision that you signed; we put it under the new one only if you want \
us to.

[Affirm the new revision]({{bekraeftigen}})

The link shows you the new revision and asks you once more there. If you do nothing, everything stays as it is.

## What has changed

{{unterschiede}}
""",
    ),
}
"""Language → subject and body."""
