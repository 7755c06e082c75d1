"""Where samples come from: pictures and clips in class folders, landmark tables, files that name several of them."""
