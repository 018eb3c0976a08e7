/**
 * Where systemd shows a unit on the bus. All but letters and digits stands in hexadecimal there, and so does a
 * digit at the beginning (sd_bus_path_encode(3)).
 */
export function unitPath(unit: string): string {
  const encoded = unit.replace(
    /[^A-Za-z0-9]|^[0-9]/g,
    (each) => `_${each.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  return `/org/freedesktop/systemd1/unit/${encoded}`;
}
