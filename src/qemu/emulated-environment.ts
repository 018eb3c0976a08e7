/**
 * What programs on an emulated processor are told, so that they compute without the instructions that QEMU has to work
 * out byte by byte: those that shuffle bytes (SSSE3, AVX) and multiply without carry (PCLMULQDQ). Both libraries choose
 * by what the processor has, and take for fast what is fast on a real one.
 *
 * - `OPENSSL_ia32cap` (OPENSSL_ia32cap(3)): of the first word the bits 33, 41 and 60, all of the second one (AVX2, SHA).
 *   AES-NI stays: it is fast.
 * - `GODEBUG` (Go's internal/cpu): Docker, containerd, etcd.
 */
const variables: Readonly<Record<string, string>> = {
  OPENSSL_ia32cap: '~0x1000020200000000:~0xffffffffffffffff',
  GODEBUG: 'cpu.avx=off,cpu.avx2=off,cpu.ssse3=off,cpu.pclmulqdq=off',
};

/**
 * systemd.environment-generator(7): systemd runs it before any service. It says nothing where KVM runs the machine, for
 * it would make a real processor slow. It takes no process besides itself: it runs at each reload, too.
 * `$1` stands in for /proc/cpuinfo in tests.
 */
export const emulatedEnvironment = `#!/bin/sh
while IFS= read -r line; do
  case $line in
  'model name'*'QEMU TCG'*)
${Object.entries(variables)
  .map(([name, value]) => `    echo '${name}=${value}'`)
  .join('\n')}
    exit
    ;;
  'model name'*) exit ;;
  esac
done < "\${1:-/proc/cpuinfo}"
`;
