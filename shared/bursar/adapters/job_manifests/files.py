"""Manifest files: YAML or JSON, of one document or several."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from bursar.adapters.job_manifests.reading import ManifestError, read_jobs
from bursar.domain.gate.jobs import JobShape

_LARGEST_BYTES = 1_000_000


class _StrictLoader(yaml.SafeLoader):
    """A key that stands twice is an error: YAML itself would take the last and say nothing."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            name = str(key.value)
            if name in seen and name != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"{name} stands twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


def read_job_file(path: Path, namespace: str | None = None) -> tuple[JobShape, ...]:
    """The jobs of a YAML or JSON file, of several documents too.

    Raises:
        ManifestError: it cannot be read, or holds no job that can be priced.
    """
    documents = read_documents(path)
    try:
        return read_jobs(documents, namespace)
    except ManifestError as error:
        raise ManifestError([f"{path}: {problem}" for problem in error.problems]) from None


def read_documents(path: Path) -> list[Any]:
    """What stands in a YAML or JSON file, whatever it is.

    Raises:
        ManifestError: it cannot be read.
    """
    try:
        data = path.read_bytes()
        if len(data) > _LARGEST_BYTES:
            raise ManifestError([f"{path}: is longer than {_LARGEST_BYTES} bytes"])
        return list(yaml.load_all(data.decode("utf-8-sig"), Loader=_StrictLoader))
    except OSError as error:
        raise ManifestError([f"{path}: {error.strerror}"]) from error
    except UnicodeDecodeError:
        raise ManifestError([f"{path}: is not UTF-8"]) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{path}:{mark.line + 1}" if mark else str(path)
        raise ManifestError([f"{where}: {getattr(error, 'problem', None) or error}"]) from None
    except (ValueError, RecursionError, TypeError) as error:
        if isinstance(error, ManifestError):
            raise
        raise ManifestError([f"{path}: {error}"]) from None
