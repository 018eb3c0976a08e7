import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ageingTime, LearningSwitch, tableLimit } from './switch.ts';

const broadcast = 'ff:ff:ff:ff:ff:ff';
const mac = (host: number) => `52:54:00:77:00:${host.toString(16).padStart(2, '0')}`;

function frame(destination: string, source: string): Uint8Array {
  const bytes = [destination, source].flatMap((address) =>
    address.split(':').map((octet) => Number.parseInt(octet, 16)),
  );
  return Uint8Array.from([...bytes, 0x08, 0x00, 1, 2, 3]);
}

function setUp(ports: readonly string[] = ['a', 'b', 'c'], random: () => number = () => 0.5) {
  const clock = { now: 0 };
  const learning = new LearningSwitch({ now: () => clock.now, random });
  for (const port of ports) learning.connect(port);
  const receivers = (from: string, destination: string, source: string) =>
    learning.forward(from, frame(destination, source)).map(({ to }) => to);
  return { clock, learning, receivers };
}

describe('forwarding', () => {
  test('broadcasts and unknown destinations go to all but the sender', () => {
    const { receivers } = setUp();
    expect(receivers('a', broadcast, mac(1))).toEqual(['b', 'c']);
    expect(receivers('a', mac(9), mac(1))).toEqual(['b', 'c']);
  });

  test('a known destination goes to its port alone', () => {
    const { receivers } = setUp();
    receivers('b', broadcast, mac(2));
    expect(receivers('a', mac(2), mac(1))).toEqual(['b']);
  });

  test('a machine that moves is found at its new port', () => {
    const { receivers } = setUp();
    receivers('b', broadcast, mac(2));
    receivers('c', broadcast, mac(2));
    expect(receivers('a', mac(2), mac(1))).toEqual(['c']);
  });

  test('what was learned ages, and goes with its port', () => {
    const { clock, learning, receivers } = setUp();
    receivers('b', broadcast, mac(2));
    clock.now = ageingTime + 1;
    expect(receivers('a', mac(2), mac(1))).toEqual(['b', 'c']);
    receivers('b', broadcast, mac(2));
    learning.disconnect('b');
    expect(receivers('a', mac(2), mac(1))).toEqual(['c']);
  });

  test('a runt is dropped', () => {
    const { learning } = setUp();
    expect(learning.forward('a', new Uint8Array(13))).toEqual([]);
  });

  test('a flood of made-up addresses pushes out the oldest only', () => {
    const { learning, receivers } = setUp();
    receivers('b', broadcast, mac(2));
    for (let i = 0; i < tableLimit; i++) {
      receivers('c', broadcast, `02:00:00:00:${(i >> 8).toString(16)}:${(i & 255).toString(16)}`);
    }
    expect(learning.addresses('c')).toHaveLength(tableLimit);
    expect(learning.addresses('b')).toEqual([]);
  });
});

describe('faults', () => {
  test('a cut machine neither sends nor receives, over a reconnect too, until it is healed', () => {
    const { learning, receivers } = setUp();
    learning.setFault('b', { cut: true });
    learning.disconnect('b');
    learning.connect('b');
    expect(receivers('a', broadcast, mac(1))).toEqual(['c']);
    expect(receivers('b', broadcast, mac(2))).toEqual([]);
    learning.setFault('b', undefined);
    expect(receivers('b', broadcast, mac(2))).toEqual(['a', 'c']);
  });

  test('delays of both ends add up', () => {
    const { learning } = setUp(['a', 'b']);
    learning.setFault('a', { delay: 20 });
    learning.setFault('b', { delay: 30 });
    expect(learning.forward('a', frame(broadcast, mac(1)))).toEqual([{ to: 'b', delay: 50 }]);
  });

  test('the losses of both ends combine', () => {
    let drawn = 0;
    const { learning, receivers } = setUp(['a', 'b'], () => drawn);
    learning.setFault('a', { loss: 0.5 });
    learning.setFault('b', { loss: 0.5 });
    drawn = 0.24;
    expect(receivers('a', broadcast, mac(1))).toEqual(['b']);
    drawn = 0.25;
    expect(receivers('a', broadcast, mac(1))).toEqual([]);
  });
});

test('whatever is sent: no frame comes back to its port, nobody gets it twice, and a healthy broadcast reaches all', () => {
  const ports = ['a', 'b', 'c', 'd'];
  const sending = fc.record({
    from: fc.constantFrom(...ports),
    destination: fc.constantFrom(broadcast, '01:00:5e:00:00:01', ...[1, 2, 3, 4, 5].map(mac)),
    source: fc.constantFrom(broadcast, ...[1, 2, 3, 4].map(mac)),
  });
  fc.assert(
    fc.property(fc.array(sending, { maxLength: 40 }), (sendings) => {
      const { receivers } = setUp(ports);
      for (const { from, destination, source } of sendings) {
        const got = receivers(from, destination, source);
        expect(got).not.toContain(from);
        expect(new Set(got).size).toBe(got.length);
        if (destination === broadcast) expect(got).toHaveLength(ports.length - 1);
      }
    }),
  );
});
