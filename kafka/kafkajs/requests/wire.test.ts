import fc from 'fast-check';
import { expect, test } from 'vitest';
import { answerOf, byTopic, frameOf, requestOf } from './request.ts';
import { createReader, createWriter } from './wire.ts';

const texts = fc.array(fc.option(fc.string({ unit: 'binary', maxLength: 200 })), { maxLength: 40 });

test('what is written is read', () => {
  fc.assert(
    fc.property(texts, fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.integer(), (given, long, int) => {
      const into = createWriter();
      into.int64(long).int32(int).array(given, into.text).compactArray(given, into.compactText).noTags();
      into.bytes(Buffer.from('bytes')).int16(-2).int8(-3);
      const from = createReader(into.done());
      const read = [
        from.bigint64(),
        from.int32(),
        from.array(from.text),
        from.compactArray(from.compactText),
      ];
      from.skipTags();
      const rest = [from.bytes().toString(), from.int16(), from.int8()];
      expect([...read, ...rest]).toEqual([long, int, given, given, 'bytes', -2, -3]);
    }),
  );
});

test('bytes that end too early, anywhere, or say that more follows than does, are a RangeError', () => {
  const into = createWriter();
  const written = into
    .int64(2 ** 40)
    .array(['a', 'bc'], into.text)
    .compactArray(['d'], into.compactText)
    .bytes(Buffer.from('e'))
    .done();
  const read = (bytes: Buffer): void => {
    const from = createReader(bytes);
    from.int64();
    from.array(from.text);
    from.compactArray(from.compactText);
    from.bytes();
  };
  read(written);
  for (let end = 0; end < written.length; end++)
    expect(() => read(written.subarray(0, end))).toThrow(RangeError);
  const many = createWriter().int32(2 ** 31 - 1).done(); // prettier-ignore
  const from = createReader(many);
  expect(() => from.array(from.int8)).toThrow('the answer ends too early');
});

test('the headers of a request, with tags only where its version has them', () => {
  const api = { apiName: 'Test', apiKey: 5, apiVersion: 7 };
  const plain = requestOf(api, (into) => into.int8(9), (from) => from.int8()); // prettier-ignore
  expect(frameOf(plain, 3, 'me').toString('hex')).toBe('0000000d' + '0005' + '0007' + '00000003' + '00026d65' + '09');
  expect(answerOf(plain, Buffer.from('0000000009', 'hex'))).toEqual({ throttleMs: 0, answer: 9 });
  const flexible = { ...plain, isFlexible: true };
  expect(frameOf(flexible, 3, 'me').toString('hex')).toBe('0000000e' + '0005' + '0007' + '00000003' + '00026d65' + '00' + '09');
  const tagged = Buffer.from('01' + '00' + '02' + 'ffff' + '00000011' + '09', 'hex');
  expect(answerOf(flexible, tagged)).toEqual({ throttleMs: 17, answer: 9 });
}); // prettier-ignore

test('items by topic keep their order', () => {
  const items = [['b', 1], ['a', 2], ['b', 3]].map(([topic, of]) => ({ topic: String(topic), of })); // prettier-ignore
  expect(byTopic(items)).toEqual([
    ['b', [items[0], items[2]]],
    ['a', [items[1]]],
  ]);
});
