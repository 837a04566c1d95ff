"""The REST API in OpenAPI 3.1, made from the contracts: structure and rules from the generated code, words and reasons
from the comments. `make protos` writes it to gateway/openapi.json."""
