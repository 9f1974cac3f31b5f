/** The bytes of an ONNX file as messages, read as ONNX Runtime reads them or not at all. */
import { fromBinary, ScalarType, type DescField, type DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { ModelProtoSchema, type ModelProto } from './onnx_pb.ts';

/** Messages within messages; ours need 5. */
const MAX_DEPTH = 20;

/** Throws an Error that says why the bytes are no ONNX model. */
export function parseOnnx(bytes: Uint8Array): ModelProto {
  // Its loader recognises its own format by these letters, and does not read protobuf then.
  if (Buffer.from(bytes.subarray(4, 8)).toString('latin1') === 'ORTM')
    throw new Error('the model is in the ORT format, needed is ONNX');
  try {
    assertWireTypes(new BinaryReader(bytes), bytes.length, ModelProtoSchema, 0);
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    const fault = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`the model is no valid ONNX: ${fault}`, { cause });
  }
}

/**
 * Each field has the wire type of its number. Protobuf in C++ skips a field that has another one and ours would misread it:
 * what is checked would not be what runs.
 */
function assertWireTypes(reader: BinaryReader, end: number, message: DescMessage, depth: number): void {
  if (depth > MAX_DEPTH) throw new Error('too many messages within messages');
  const fields = new Map(message.fields.map((field) => [field.number, field]));
  while (reader.pos < end) {
    const [number, wireType] = reader.tag();
    const field = fields.get(number);
    if (field !== undefined && !wireTypes(field).includes(wireType))
      throw new Error(`${message.name}.${field.name} has wire type ${String(wireType)}`);
    if (field?.message === undefined) reader.skip(wireType, number);
    else {
      const length = reader.uint32();
      assertWireTypes(reader, reader.pos + length, field.message, depth + 1);
    }
  }
  if (reader.pos !== end) throw new Error(`${message.name} has another length than it says`);
}

const NUMBERS: Readonly<Partial<Record<ScalarType, WireType>>> = {
  [ScalarType.DOUBLE]: WireType.Bit64,
  [ScalarType.FLOAT]: WireType.Bit32,
  [ScalarType.INT32]: WireType.Varint,
  [ScalarType.INT64]: WireType.Varint,
  [ScalarType.UINT64]: WireType.Varint,
};

function wireTypes(field: DescField): WireType[] {
  const number = field.scalar === undefined ? undefined : NUMBERS[field.scalar];
  if (number === undefined) return [WireType.LengthDelimited];
  return field.fieldKind === 'list' ? [number, WireType.LengthDelimited] : [number];
}
