import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodePageToken, encodePageToken, extractPage } from './page.ts';

const revision = fc.option(fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }), { nil: undefined });
const uint16 = fc.integer({ min: 0, max: 0xffff });

describe("fleet's pages", () => {
  test('a token is read as it was written', () => {
    fc.assert(
      fc.property(uint16, uint16, revision, (limit, page, at) => {
        const token = { limit, page, ...(at !== undefined && { revision: at }) };
        expect(decodePageToken(encodePageToken(token))).toEqual(token);
      }),
    );
  });

  test('any text is a token or an error, never anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          const { limit, page } = decodePageToken(text);
          expect(Number.isInteger(limit) && Number.isInteger(page)).toBe(true);
        } catch (error) {
          expect(String(error)).toMatch(/illegal base64 data at input byte \d+|EOF/);
        }
      }),
    );
  });

  test('line ends within a token count for nothing, as for Go', () => {
    expect(decodePageToken('ZA\nABA\r\nA=\n=\n')).toEqual({ limit: 100, page: 1 });
  });

  test.each([
    { token: 'bogus', says: 'illegal base64 data at input byte 4' },
    { token: 'ZAABAA', says: 'illegal base64 data at input byte 4' },
    { token: 'ZAABAA=', says: 'illegal base64 data at input byte 7' },
    { token: 'ZAABAA==x', says: 'illegal base64 data at input byte 8' },
    { token: 'ZA+B', says: 'illegal base64 data at input byte 2' },
    { token: 'Z\nAAB;', says: 'illegal base64 data at input byte 5' },
    { token: 'ZAABA\r\n', says: 'illegal base64 data at input byte 6' },
    { token: 'ZAABAA=\n', says: 'illegal base64 data at input byte 8' },
    { token: 'ZAABAA=\n+', says: 'illegal base64 data at input byte 7' },
    { token: '\r\n', says: 'EOF' },
    { token: 'ZAA=', says: 'unexpected EOF' },
    { token: '', says: 'EOF' },
  ])('"$token": $says', ({ token, says }) => {
    expect(() => decodePageToken(token)).toThrow(says);
  });

  test('all pages together are the whole list', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (all, limit) => {
        const found: string[] = [];
        for (let page: number | undefined = 1; page !== undefined; ) {
          const { items, next }: { items: readonly string[]; next?: number } = extractPage(all, {
            limit,
            page,
          });
          found.push(...items);
          page = next;
        }
        expect(found).toEqual(all);
      }),
    );
  });
});
