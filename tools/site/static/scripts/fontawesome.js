// In place of the theme's: that is half a megabyte, and here the icons are letters (site.css).
