/**
 * The browser's storage, apart for each workspace: a demo made anew on the same port must not open
 * with the tabs of the one before it, whose template ids are gone.
 */
export function createStorage(workspace) {
  const prefix = `bulksend:${workspace}:`;
  const names = () => Object.keys(localStorage).filter((name) => name.startsWith(prefix));
  return {
    getItem: (name) => localStorage.getItem(prefix + name),
    setItem: (name, value) => localStorage.setItem(prefix + name, value),
    removeItem: (name) => localStorage.removeItem(prefix + name),
    clear: () => names().forEach((name) => localStorage.removeItem(name)),
    get length() {
      return names().length;
    },
  };
}
