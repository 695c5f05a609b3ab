"""Pure rules that everything shares which a lab sets."""

from app.errors import N_, YujianError


class StaleSetup(YujianError):
    """Somebody else changed the lab's settings since the form was opened."""

    code, status = "stale", 409
    message = N_("别的管理员刚改过这个实验室的设定。下面是现在的设定和您填的内容，请看过再保存。")


def check_setup_version(seen: str, current: str) -> None:
    """Optimistic lock on all that a lab sets. Raises StaleSetup."""
    if seen != current:
        raise StaleSetup()
