# The build script of this member runs protoc.
{ protobuf }:
{
  nativeBuildInputs = [ protobuf ];
}
