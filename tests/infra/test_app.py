def test_a_wrong_config_is_refused_without_a_traceback(synthesize, tmp_path, request):
    right = request.path.with_name("smallest.yaml").read_text()
    (tmp_path / "bursar.yaml").write_text(right.replace("version: 1", "version: 2"))

    run = synthesize(tmp_path / "bursar.yaml", tmp_path / "out")

    assert run.returncode == 1
    assert "bursar.yaml:2: version: Input should be 1" in run.stderr
    assert "Traceback" not in run.stderr
    assert not (tmp_path / "out").exists()
