"""Guards of rules 9 to 11: what is bounded, what it costs, and what no shell and no log may get."""

from __future__ import annotations

from tests.mutants.guard import Mutant

BOUNDED = [
    Mutant(
        9,
        "adapters/opennebula/hosts.py",
        'program.allow_after(f"{mark}\\n".encode(), seconds + moving)',
        'program.allow_after(f"{mark}\\n".encode(), seconds)',
        "the data of a large disk has no more time than any other session",
    ),
    Mutant(
        9,
        "adapters/opennebula/processes.py",
        "_Collector(_pipe(self._process.stdout), enough=self.kill)",
        "_Collector(_pipe(self._process.stdout))",
        "a host that talks without end is heard for a day",
    ),
    Mutant(
        9,
        "adapters/answers.py",
        "        if left <= 0:\n            raise TimeoutError\n        self._sock.settimeout(left)\n",
        "",
        "a server that dribbles its answer is waited for without end",
    ),
    Mutant(
        9,
        "adapters/opennebula/processes.py",
        "        self._timed_out = True\n        self.kill()",
        "        self._timed_out = True",
        "a program that hangs is never ended",
    ),
    Mutant(
        9,
        "adapters/opennebula/processes.py",
        "        self.data = data[-LONGEST_OUTPUT:] if self._last else data[:LONGEST_OUTPUT]",
        "        self.data = data",
        "output without end is kept",
    ),
    Mutant(
        9,
        "domain/waiting.py",
        "pause = min(pause * 2, LONGEST_PAUSE)",
        "pause = pause * 2",
        "a long wait looks less and less often",
    ),
    Mutant(
        9,
        "adapters/opennebula/xml.py",
        "if len(document) > LARGEST:",
        "if False:",
        "a document of any size is parsed",
    ),
    Mutant(
        9,
        "domain/vm_sizes.py",
        "            if self._clock.now() > end:\n",
        "            if False:\n",
        "a slow list of VMs keeps the space of a datastore from being told",
    ),
    Mutant(
        9,
        "domain/context.py",
        "order.payload, SECONDS)",
        "order.payload)",
        "a context waits a day for a host that hangs",
    ),
]

CONSTANT_COST = [
    Mutant(
        10,
        "adapters/linstor/cluster_volumes.py",
        'query = [*filters, ("with_volume_definitions", "true")]',
        'query = [("with_volume_definitions", "true")]',
        "a look-up by marks reads every definition of the cluster",
    ),
    Mutant(
        10,
        "domain/storage.py",
        "if datastore_id not in self._found:",
        "if True:",
        "oned is asked for the same datastore again for each disk",
    ),
    Mutant(
        10,
        "domain/moving.py",
        "    seen = storage.cluster.deployments(names)\n",
        "    seen = {name: storage.cluster.deployments([name])[name] for name in names}\n",
        "a migration asks once for each disk where once is enough",
    ),
    Mutant(
        10,
        "domain/vm_sizes.py",
        "        for cluster in dict.fromkeys(clusters.values()):",
        "        for cluster in clusters.values():",
        "one LINSTOR is asked for the sizes once for each datastore",
    ),
]

NO_SHELL_WORDS = [
    Mutant(
        11,
        "domain/staging.py",
        "if rate and not _BANDWIDTH.fullmatch(rate):",
        "if False:",
        "a rate is a command for the downloader's shell",
    ),
    Mutant(
        11,
        "adapters/opennebula/scripts_for_hosts.py",
        'return " ".join(quote(_possible(str(value))) for value in values)',
        'return " ".join(str(value) for value in values)',
        "words of a remote command are not quoted",
    ),
    Mutant(
        11,
        "domain/names.py",
        'return HostName(_checked(text, _HOST, "a host name"))',
        "return HostName(text)",
        "a host name may be an option of ssh",
    ),
    Mutant(
        11,
        "domain/names.py",
        "if not pattern.fullmatch(text):",
        "if not pattern.match(text):",
        "a name may go on after its end",
    ),
    Mutant(
        11,
        "domain/safe_paths.py",
        "real = PurePosixPath(sources.real_path(path))",
        "real = PurePosixPath(path)",
        "a link leads an image out of SAFE_DIRS",
    ),
    Mutant(
        11,
        "adapters/opennebula/xml.py",
        "if root.getroottree().docinfo.internalDTD is not None:",
        "if False:",
        "a document brings its own entities",
    ),
    Mutant(
        11,
        "adapters/linstor/access.py",
        'password: str = field(default="", repr=False)',
        'password: str = field(default="")',
        "a password shows in the text form of what carries it",
    ),
    Mutant(
        11,
        "domain/safe_paths.py",
        " or _CARRIED_OUT.search(path)",
        "",
        "a path with shell text goes to the downloader",
    ),
    Mutant(
        11,
        "domain/safe_paths.py",
        " or _FOR_SSH.match(path)",
        "",
        "the host of a URL becomes an option of ssh",
    ),
    Mutant(
        11,
        "domain/safe_paths.py",
        'not path.startswith("/") and not _URL.fullmatch(path)',
        "False",
        "a relative path becomes an image",
    ),
    Mutant(
        11,
        "domain/masking.py",
        "        text = text.replace(each, HIDDEN)\n",
        "        pass\n",
        "a known password is repeated",
    ),
    Mutant(
        11,
        "domain/masking.py",
        '_QUERY.sub(r"\\1?***", _USER.sub("***@", text))',
        '_QUERY.sub(r"\\1?***", text)',
        "a URL shows its user and password",
    ),
    Mutant(
        11,
        "domain/errors.py",
        "        told = one_line(masked(self.tell()))\n",
        "        told = one_line(self.tell())\n",
        "an error repeats what must be masked",
    ),
]
