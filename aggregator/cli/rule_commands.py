"""The group `rules`: the list of rules, and trying rules before they ring."""

import typer

from aggregator.cli import alert_commands, backtest_command, rule_report_command, rule_test_command


def register(app: typer.Typer) -> None:
    """Add this module's commands."""
    group = typer.Typer(invoke_without_command=True, help="List the rules in force, or try them on a text or the past.")
    group.callback()(listed)
    group.command("test")(rule_test_command.try_text)
    group.command("backtest")(backtest_command.backtest)
    group.command("report")(rule_report_command.report)
    app.add_typer(group, name="rules")


def listed(ctx: typer.Context) -> None:
    """List the rules in force, with how often each has told of something."""
    if ctx.invoked_subcommand is None:
        alert_commands.rules(ctx)
