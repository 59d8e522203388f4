"""What the desk does for a request, one module a kind (intents/requests.yaml), found by its file's name.

Each has `answer(scene, wanted)`: what is said, or None when there is nothing to do here and the handbooks should
answer. `wanted` holds what is known of the request when it was asked for earlier and only waited (for a policy).
"""
