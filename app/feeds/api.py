"""API of calendar feeds."""

from typing import Any

from flask import url_for

from app.accounts.current import require_api_viewer, token_blueprint
from app.api import ListQuery, decode_cursor, page
from app.clock import now
from app.feeds import queries, service
from app.feeds.models import FeedLanguage, FeedScope
from app.feeds.schemas import FeedList, FeedModel, FeedPath, NewFeed
from app.feeds.service import Subscribe
from app.language import lang

bp = token_blueprint("feeds_api", __name__, "feeds")
blueprints = (bp,)


@bp.post("/feeds", responses={201: FeedModel})
def create_feed(body: NewFeed) -> Any:
    """A new secret calendar address; its texts are in the language of this request."""
    command = Subscribe(FeedScope(body.scope), body.id, FeedLanguage(lang()))
    feed, token = service.subscribe(require_api_viewer(), command, now())
    url = url_for("feeds.calendar", token=token, _external=True)
    return FeedModel.of(feed, url).model_dump(), 201


@bp.get("/feeds", responses={200: FeedList})
def list_feeds(query: ListQuery) -> Any:
    """The caller's live feeds, newest first."""
    last = decode_cursor(query.cursor, 1)
    feeds = queries.feeds_of(require_api_viewer())
    ids = [feed.id for feed in feeds]
    behind = feeds[ids.index(last[0]) + 1 :] if last and last[0] in ids else feeds
    shown = page(behind, query.limit, lambda feed: (feed.id,))
    return {**shown, "items": [FeedModel.of(feed).model_dump() for feed in shown["items"]]}


@bp.delete("/feeds/<string:feed_id>", responses={204: None})
def revoke_feed(path: FeedPath) -> Any:
    """End a feed; its address answers 404 from now on."""
    service.revoke(require_api_viewer(), path.feed_id, now())
    return "", 204
