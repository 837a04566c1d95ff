"""Many cases of one claim in one test, which tells all that is wrong and not only the first."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager


@contextmanager
def all_cases() -> Iterator[Callable[[object], AbstractContextManager[None]]]:
    """Give a context for each case, `with case(name):`, and fail in the end where one did."""
    wrong, names = [], []

    @contextmanager
    def case(name: object) -> Iterator[None]:
        names.append(name)
        try:
            yield
        except AssertionError as error:
            wrong.append(f"{name}: {error}")
        except Exception as error:
            wrong.append(f"{name}: {error!r}")

    yield case
    assert names, "there is no case"
    assert not wrong, f"{len(wrong)} of {len(names)} cases:\n\n" + "\n\n".join(wrong)
