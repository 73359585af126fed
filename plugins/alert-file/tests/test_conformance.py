from alert_file.conformance import FileConformance, StdinConformance


class TestFile(FileConformance): ...


class TestStdin(StdinConformance): ...
