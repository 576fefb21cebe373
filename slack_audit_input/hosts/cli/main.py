# SPDX-License-Identifier: Apache-2.0
"""The command ``slack-audit-input``: its commands, its exit codes."""

from __future__ import annotations

import gc
import importlib
import io
import sys
from collections.abc import Sequence

import click

from slack_audit_input import __version__
from slack_audit_input.hosts.cli import options
from slack_audit_input.hosts.cli.logs import Logger
from slack_audit_input.hosts.wording import without_tokens
from slack_audit_input.model.errors import CallFailed, CollectorError, ConfigError, GaveUp

#: Where each command lives. Imported when asked for: a poll from cron should not pay for the
#: demo's terminal library, nor --help for a database layer.
COMMANDS = {
    "run": ("run", "Collect until stopped, or with --once until caught up."),
    "backfill": ("backfill", "Collect a past stretch."),
    "verify": ("verify", "Prove that a stretch is complete; deliver what is missing."),
    "status": ("status", "Say how the collection is doing."),
    "login": ("login", "Sign in to Slack in the browser, and keep the tokens."),
    "logout": ("logout", "Forget a sign-in; with --revoke its tokens end."),
    "check": ("check", "Try token, scope, plan, clock, state and output."),
    "actions": ("catalogue", "What Slack's audit log can say, searchable."),
    "schemas": ("catalogue", "The shapes of what it says it about."),
    "forget": ("forget", "Delete the checkpoint of an input."),
    "emulator": ("emulator", "Slack's Audit Logs API on loopback."),
    "demo": ("demo", "See the collector at work against the emulator, in a minute."),
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        # Nothing that is being imported is garbage: looking for it takes a tenth of the start.
        gc.disable()
        module = importlib.import_module(f"slack_audit_input.hosts.cli.{COMMANDS[name][0]}")
        gc.freeze()
        gc.enable()
        command = getattr(module, name)
        assert isinstance(command, click.Command)
        return options.everywhere(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, words) in COMMANDS.items()])


@click.group(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 incomplete (verify) or interrupted twice, 2 configuration, "
    "3 authentication, 4 gave up after retries (state kept), 5 protocol, 6 sink, 7 store.",
)
@click.version_option(__version__, prog_name="slack-audit-input")
def cli() -> None:
    """Collect Slack's audit log: every event, once, seconds after Slack shows it.

    Data goes to stdout, logs (key=value) to stderr. Every option can also be given as an
    environment variable SLACK_AUDIT_… (shown in each command's help) or in a TOML file
    (--config); the command line wins, then the environment, then the file.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command and exit with its code; errors become one sentence on stderr."""
    try:
        # Without standalone mode click returns the code of an Exit instead of raising it.
        code = cli.main(args=arguments, prog_name="slack-audit-input", standalone_mode=False)
        if isinstance(code, int) and code:
            sys.exit(code)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        # The message repeats what was typed, and somebody may have typed the token.
        words = io.StringIO()
        error.show(words)
        click.echo(without_tokens(words.getvalue()), err=True, nl=False)
        sys.exit(ConfigError.exit_code)
    except click.Abort:
        click.echo("Interrupted.", err=True)
        sys.exit(1)
    except CollectorError as error:
        code = exit_code_of(error)
        Logger()("error", "failed", reason=str(error), exit=code)
        sys.exit(code)


def exit_code_of(error: CollectorError) -> int:
    """A single call that failed, where nothing tries again, is as good as having given up."""
    return GaveUp.exit_code if isinstance(error, CallFailed) else error.exit_code


if __name__ == "__main__":
    main()
