import { describe, expect, it } from '@jest/globals';
import { clientKey } from './client-key.js';

describe('clientKey', () => {
  it('counts an IPv4 address by itself', () => {
    expect(clientKey('192.0.2.1')).toBe('192.0.2.1');
    expect(clientKey('192.0.2.2')).toBe('192.0.2.2');
  });

  it.each([
    ['::ffff:192.0.2.1', 'mapped'],
    ['::FFFF:192.0.2.1', 'mapped'],
    ['::ffff:c000:201', 'mapped, in hexadecimal'],
    ['0:0:0:0:0:ffff:192.0.2.1', 'mapped, written out'],
    ['0000:0000:0000:0000:0000:FFFF:C000:0201', 'mapped, written out in hexadecimal'],
    ['::ffff:192.0.2.1%eth0', 'mapped, with a zone'],
    ['[::ffff:192.0.2.1]:50000', 'mapped, with a port'],
    ['64:ff9b::192.0.2.1', 'NAT64'],
    ['64:ff9b::c000:201', 'NAT64, in hexadecimal'],
    ['0064:FF9B:0:0:0:0:C000:0201', 'NAT64, written out'],
    ['[64:ff9b::c000:201]', 'NAT64, in brackets'],
    ['::ffff:0:192.0.2.1', 'translated'],
    ['::192.0.2.1', 'compatible'],
    ['::c000:201', 'compatible, in hexadecimal'],
  ])('counts an IPv4 address in IPv6 form as that address: %s (%s)', (address) => {
    expect(clientKey(address)).toBe('192.0.2.1');
  });

  it.each([
    ['64:ff9b:1::192.0.2.1', '64:ff9b:1:0:0:0:c000:201'],
    ['64:ff9b:1::192.0.2.2', '64:ff9b:1:0:0:0:c000:202'],
    ['64:ff9b:1:fffe::c000:201', '64:ff9b:1:fffe:0:0:c000:201'],
    ['64:ff9b:1:c000:2:100::', '64:ff9b:1:c000:2:100:0:0'],
  ])('counts an address of a NAT64 of the network itself by the whole of it: %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });

  it.each([
    ['64:ff9b:2::192.0.2.1', '64:ff9b:2:0::/64'],
    ['64:ff9b::1:192.0.2.1', '64:ff9b:0:0::/64'],
    ['::fffe:192.0.2.1', '0:0:0:0::/64'],
    ['1::ffff:192.0.2.1', '1:0:0:0::/64'],
  ])('counts an address that only resembles those by its network: %s', (address, key) => {
    expect(clientKey(address)).toBe(key);
  });

  it.each([
    '2001:db8:1:2::1',
    '2001:db8:1:2::2',
    '2001:0db8:0001:0002:ffff:ffff:ffff:ffff',
    '2001:DB8:1:2:3:4:5:6',
    '2001:db8:1:2:3::192.0.2.1',
    '2001:db8:1:2::1%eth0',
    '2001:db8:1:2::1%25eth0',
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

  it.each(['', 'unknown', '_hidden', '999.0.2.1', '192.0.2.1, 192.0.2.2', '1::2::3', '%eth0'])(
    'counts all whose address cannot be read together: %j',
    (address) => {
      expect(clientKey(address)).toBe('unreadable');
    },
  );
});
