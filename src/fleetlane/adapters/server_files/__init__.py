"""What a host does with the files of the server that it belongs to: reads media through a cache, brings traces."""
