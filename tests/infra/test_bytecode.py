import marshal
import sys
from pathlib import Path

import pytest

from infra import bytecode


def test_bytecode_lies_beside_its_source_and_bears_its_deployed_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPYCACHEPREFIX", str(tmp_path / "elsewhere"))
    code = tmp_path / "code"
    code.mkdir()
    (code / "handler.py").write_text("def handler(): ...")

    bytecode.compile_in(code, "/var/task", Path(sys.executable))

    [compiled] = code.glob("__pycache__/handler.*.pyc")
    header, body = compiled.read_bytes()[:16], compiled.read_bytes()[16:]
    assert header[4] == 0b01  # a hash, which nobody checks
    assert marshal.loads(body).co_filename == "/var/task/handler.py"  # noqa: S302


def test_without_that_python_the_source_is_shipped_with_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(bytecode, "_candidates", lambda: [Path("/bin/false")])

    with pytest.warns(UserWarning, match="shipping source"):
        compiler = bytecode.find_compiler()
    bytecode.compile_in(tmp_path, "/var/task", compiler)

    assert compiler is None
    assert not list(tmp_path.iterdir())
