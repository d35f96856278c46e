"""The addresses of the project, as its pyproject.toml has them: empty where it has none."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import metadata


@dataclass(frozen=True)
class Project:
    """Where the project's repository and its site are; the site's address ends with a slash."""

    repository: str
    site: str

    def source_of(self, folder: str) -> str:
        """Returns the address of a folder of the repository; empty if that is not known."""
        return f"{self.repository}/tree/main/{folder}" if self.repository else ""


def project() -> Project:
    """Reads the addresses that callcost was installed with."""
    named = metadata("callcost").get_all("Project-URL") or []
    urls = {name.strip().lower(): url.strip() for name, _, url in (u.partition(",") for u in named)}
    repository = urls.get("repository") or urls.get("source") or ""
    site = urls.get("site") or urls.get("homepage") or ""
    return Project(repository.rstrip("/"), f"{site.rstrip('/')}/" if site else "")
