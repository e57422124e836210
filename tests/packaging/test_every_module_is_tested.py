"""Every module has a test file of its name, is imported by a test, or is listed here with the tests that run it.

The listed modules are parts of something that is tested as a whole, mostly over HTTP: testing them separately would fix
the internal structure instead of the behaviour.
"""

import ast
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

TESTED_THROUGH: Final = {
    "tests/packaging/test_root_package.py": ["__main__"],
    "tests/client/test_send.py": [
        *("client/command", "client/options", "client/create_input", "client/gateway", "client/report"),
    ],
    "tests/db/test_embedded.py": ["db/embedded/data_folder", "db/embedded/orphans"],
    "tests/db/test_queries.py": ["db/events", "db/organizations", "db/sent_documents", "db/templates"],
    "tests/server/http/test_without_database.py": [
        "db/errors",
        "server/http/error_responses",
        "server/signing/unavailable",
    ],
    "tests/delivery/test_worker.py": [
        *("delivery/document_mail", "delivery/document_values", "delivery/exception_logging"),
        *("delivery/in_flight_window", "delivery/metrics", "server/process"),
    ],
    "tests/delivery/mail/test_message.py": ["delivery/mail/headers", "delivery/mail/wording", "delivery/translations"],
    "tests/delivery/smtp/test_outcomes.py": ["delivery/smtp/reply_protocol"],
    "tests/evidence/test_rendering.py": ["evidence/certificate", "evidence/typesetting"],
    "tests/evidence/test_verification.py": ["evidence/event_descriptions", "evidence/seal_check"],
    "tests/execution/test_strawberry_documents.py": [
        *("execution/arguments", "execution/awaiting", "execution/completion", "execution/field_plan"),
        *("execution/field_resolution", "execution/generated_code", "execution/list_completion", "execution/plan"),
        *("execution/row_expressions", "execution/selection", "execution/strawberry_schema", "execution/tokens"),
    ],
    "tests/end_to_end/test_after_sending.py": [
        *("resolvers/amend_documents", "resolvers/document_history", "resolvers/document_selection"),
        *("resolvers/remind_documents", "resolvers/void_documents", "schema/document_mutations", "schema/types/events"),
    ],
    "tests/end_to_end/test_cancel_retry_delete.py": ["resolvers/cancel_bulk_send", "resolvers/retry_bulk_send"],
    "tests/end_to_end/test_create.py": ["resolvers/preview", "schema/mutation"],
    "tests/end_to_end/test_following.py": ["resolvers/bulk_sends", "schema/subscription"],
    "tests/end_to_end/test_templates.py": [
        *("resolvers/templates", "resolvers/visible_text"),
        *("schema/template_mutations", "schema/types/template_fields", "schema/types/template_inputs"),
    ],
    "tests/schema/test_connections.py": [
        *("resolvers/documents", "schema/arguments"),
    ],
    "tests/schema/test_limits.py": ["schema/operations/cost"],
    "tests/schema/test_prefetch.py": ["schema/selections"],
    "tests/schema/test_query.py": [
        *("schema/types/bulk_sends", "schema/types/documents", "schema/types/node", "schema/types/nodes"),
        *("schema/types/templates", "schema/types/viewer", "schema/types/info"),
    ],
    "tests/schema/test_sdl.py": [
        *("schema/description", "schema/types/enums", "schema/types/inputs", "schema/types/payloads"),
    ],
    "tests/server/cli/test_cli.py": [
        *("server/cli/administration", "server/cli/database", "server/cli/processes", "server/cli/types"),
        *("server/dev/demo", "server/dev/process", "server/http/loopback"),
    ],
    "tests/server/graphql/test_view.py": ["server/graphql/response", "server/http/request_ids"],
    "tests/server/graphql/test_websocket.py": ["server/graphql/websocket_operations"],
    "tests/server/http/test_request_limit.py": ["server/http/admission", "server/http/response_headers"],
    "tests/server/rest/test_rest_create.py": ["server/rest/bulk_sends", "server/rest/models"],
    "tests/server/rest/test_rest_documents.py": ["server/rest/documents"],
    "tests/server/signing/test_downloads.py": [
        *("resolvers/sealed_pdfs", "server/rest/archives"),
    ],
    "tests/resolvers/test_validation.py": ["resolvers/signer_validation"],
    "tests/server/rest/test_openapi.py": [
        *("server/rest/openapi_examples", "server/rest/openapi_page", "server/rest/openapi_parts"),
    ],
    "tests/server/rest/test_rest_refusals.py": ["server/rest/problem_details"],
    "tests/server/test_settings.py": ["server/setting_types"],
    "tests/server/signing/test_signing.py": [
        *("server/http/client_address", "server/signing/form", "server/signing/form_tokens"),
        *("server/signing/rendering", "server/signing/texts"),
    ],
}


def test_every_module_is_tested() -> None:
    named = {module for modules in TESTED_THROUGH.values() for module in modules}
    assert _untested() - named == set(), "name the test that runs it, or write one"


def test_the_modules_named_exist() -> None:
    named = {module for modules in TESTED_THROUGH.values() for module in modules}
    assert named - set(map(str, _modules())) == set()


def test_the_tests_named_exist() -> None:
    assert [name for name in TESTED_THROUGH if not (ROOT / name).exists()] == []


def _untested() -> set[str]:
    """Return the modules that have no test file of their name and that no test imports."""
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    files = {(test.relative_to(ROOT / "tests").parts[0], test.stem.removeprefix("test_")) for test in tests}
    imported = {name for test in tests for name in _imports(test)}
    return {
        str(module)
        for module in _modules()
        if (module.parts[0], module.stem) not in files and ".".join(("bulksend", *module.parts)) not in imported
    }


def _modules() -> list[Path]:
    folders = [folder.parent for folder in ROOT.glob("*/__init__.py")]
    files = [ROOT / "__main__.py", *(file for folder in folders for file in folder.rglob("*.py"))]
    return [file.relative_to(ROOT).with_suffix("") for file in files if file.name != "__init__.py"]


def _imports(test: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(test.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names
