#!/bin/sh
# protobuf 7.36.2 (Python): a field whose name has a digit after an underscore, such as address_line_2, is fine in
# messages, JSON included, but an update mask that names it cannot be written as JSON at all: ValueError, "The character
# after a "_" must be a lowercase letter". A PATCH method with a FieldMask breaks for that field only, and only in JSON.
set -eu
. "$(dirname "$0")/install"
python - <<'PY'
from google.protobuf import descriptor_pb2, descriptor_pool, field_mask_pb2, json_format, message_factory

file = descriptor_pb2.FileDescriptorProto(name="venue.proto", package="demo", syntax="proto3")
venue = file.message_type.add(name="Venue")
venue.field.add(name="address_line_2", number=1, type="TYPE_STRING", label="LABEL_OPTIONAL", json_name="addressLine2")
pool = descriptor_pool.DescriptorPool()
pool.Add(file)
Venue = message_factory.GetMessageClass(pool.FindMessageTypeByName("demo.Venue"))

message = json_format.MessageToJson(Venue(address_line_2="Gate 4"), indent=None)
mask = field_mask_pb2.FieldMask()
mask.FromJsonString("addressLine2")
in_binary = field_mask_pb2.FieldMask(paths=["address_line_2"])
print("the message in JSON:", message)
print("the mask read from addressLine2:", list(mask.paths))
assert in_binary.IsValidForDescriptor(Venue.DESCRIPTOR)
try:
    refusal = json_format.MessageToJson(in_binary)
except ValueError as error:
    refusal = str(error)
print("the mask in JSON:", refusal)
assert 'after a "_" must be a lowercase letter' in refusal, "the mask can be written now"
assert list(mask.paths) == ["address_line2"], "and it is read as the field that was meant"
PY
