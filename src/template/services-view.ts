/**
 * Below it templates see `<service>/<machine>:<unit>`, made of what etcd has there and checked: all that they see of
 * Flotilla's own keys.
 */
export const servicesView = '/flotilla/services';
