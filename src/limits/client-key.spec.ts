import { describe, expect, it } from '@jest/globals';
import { clientKey } from './client-key.js';

describe('clientKey', () => {
  it('counts an IPv4 address by itself', () => {
    expect(clientKey('192.0.2.1')).toBe('192.0.2.1');
    expect(clientKey('192.0.2.2')).toBe('192.0.2.2');
  });

  it('counts an IPv4 address in IPv6 form as that address, and not all of them as one network', () => {
    expect(clientKey('::ffff:192.0.2.1')).toBe('192.0.2.1');
    expect(clientKey('::FFFF:192.0.2.2')).toBe('192.0.2.2');
  });

  it.each([
    '2001:db8:1:2::1',
    '2001:db8:1:2::2',
    '2001:0db8:0001:0002:ffff:ffff:ffff:ffff',
    '2001:DB8:1:2:3:4:5:6',
    '2001:db8:1:2:3::192.0.2.1',
    '2001:db8:1:2::1%eth0',
  ])('counts an IPv6 address by its /64 network, however it is written: %s', (address) => {
    expect(clientKey(address)).toBe('2001:db8:1:2::/64');
  });

  it.each([
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8::1:0:0:0:1', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1', 'fe80:0:0:0::/64'],
  ])('keeps networks apart: %s is counted as %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });

  it.each([
    ['192.0.2.1:50000', '192.0.2.1'],
    ['[2001:db8:1:2::1]:50000', '2001:db8:1:2::/64'],
    ['[2001:db8:1:2::1]', '2001:db8:1:2::/64'],
    [' 192.0.2.1 ', '192.0.2.1'],
  ])('leaves out the port that some proxies name: %s is counted as %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });

  it.each(['', 'unknown', '_hidden', '999.0.2.1', '192.0.2.1, 192.0.2.2', '1::2::3'])(
    'counts all whose address cannot be read together: %j',
    (address) => {
      expect(clientKey(address)).toBe('unreadable');
    },
  );
});
