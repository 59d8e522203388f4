"""WeRoBot as shipped: its own run() with its default server, its default SQLite session, one handler. Safe mode.

Run as `python -m tests.bench.werobot_app` in an empty directory (the session's file is made in it).
"""

import os

from werobot import WeRoBot

from bot.settings import load_settings


def main() -> None:
    """Serve by the environment's settings until told to stop."""
    settings = load_settings(os.environ)
    [account] = settings.accounts
    robot = WeRoBot(token=account.token)
    robot.config["APP_ID"] = account.app_id
    robot.config["ENCODING_AES_KEY"] = account.encoding_aes_key

    @robot.text
    def echo(message: object, session: dict[str, int]) -> str:
        session["number"] = session.get("number", 0) + 1
        return str(getattr(message, "content", ""))

    robot.run(host="127.0.0.1", port=settings.port)


if __name__ == "__main__":
    main()
