# As much of nginx:1.28 as serves the bundles.
FROM icaccess/debian:bookworm
CMD ["nginx", "-g", "daemon off;"]
