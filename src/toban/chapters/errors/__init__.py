"""Error tracking (chapter 2's 例外の収集): what applications report by Sentry's protocol, in groups."""
