"""What people do at the simulator's phone."""

from playwright.sync_api import expect


def say(page, text):
    """Type some words, send them and see them stand in the chat."""
    page.get_by_label("想说的话").fill(text)
    page.get_by_role("button", name="发送", exact=True).click()
    expect(page.locator(".chat .person .bubble").last).to_have_text(text)
